#pragma once

#include "CoreMinimal.h"
#include "GameFramework/Actor.h"
#include "History.h"
#include "Session.h"

#include "ShowroomVisit.generated.h"

class IWebSocket;
class UglTFRuntimeAsset;
class UProceduralMeshComponent;
class UPoseableMeshComponent;

DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(FShowroomText, const FString&, Text);

/** One visit: connects, streams the pose, shows products and the avatar. The actor is the play space's
 *  origin on the floor. */
UCLASS(Blueprintable)
class SHOWROOM_API AShowroomVisit : public AActor
{
    GENERATED_BODY()

public:
    AShowroomVisit();

    UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Showroom") FString Url = TEXT("ws://127.0.0.1:8765");
    UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Showroom") FString Token;
    /** en or zh */
    UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Showroom") FString Language = TEXT("en");
    /** Stature of the avatar, metres. */
    UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Showroom") double Height = 1.70;
    /** Poses a second. */
    UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Showroom") double Rate = 72;
    /** The camera and the motion controllers. */
    UPROPERTY(BlueprintReadWrite, Category = "Showroom") TObjectPtr<USceneComponent> Head;
    UPROPERTY(BlueprintReadWrite, Category = "Showroom") TObjectPtr<USceneComponent> LeftHand;
    UPROPERTY(BlueprintReadWrite, Category = "Showroom") TObjectPtr<USceneComponent> RightHand;

    UPROPERTY(BlueprintAssignable, Category = "Showroom") FShowroomText OnReply;
    UPROPERTY(BlueprintAssignable, Category = "Showroom") FShowroomText OnProblem;
    /** A product was shown, changed or removed: its id. */
    UPROPERTY(BlueprintAssignable, Category = "Showroom") FShowroomText OnProduct;
    /** Who is in the room has changed: the room's code, empty when one has left. */
    UPROPERTY(BlueprintAssignable, Category = "Showroom") FShowroomText OnRoom;

    UFUNCTION(BlueprintCallable, Category = "Showroom") void Say(const FString& Text);
    UFUNCTION(BlueprintCallable, Category = "Showroom") void TryOn(const FString& Target);
    UFUNCTION(BlueprintCallable, Category = "Showroom") void TakeOff();
    UFUNCTION(BlueprintCallable, Category = "Showroom") void ChangeSize(int32 Step);
    UFUNCTION(BlueprintCallable, Category = "Showroom") void Undo();
    UFUNCTION(BlueprintCallable, Category = "Showroom") void PointAt(const FString& Target);
    /** Shop together: without a room's code one is opened; OnRoom tells its code. Guests: look, move or change. */
    UFUNCTION(BlueprintCallable, Category = "Showroom") void JoinRoom(const FString& Name, const FString& Room, const FString& Guests);
    /** The host says what guests may do (look, move or change): one by name, or all of them where none is given. */
    UFUNCTION(BlueprintCallable, Category = "Showroom") void AllowGuests(const FString& Guests, const FString& Who);
    UFUNCTION(BlueprintCallable, Category = "Showroom") void LeaveRoom();
    /** Tape by ISO 8559 names, metres; it stays with the visit. */
    UFUNCTION(BlueprintCallable, Category = "Showroom") void SetBody(double Stature, const TMap<FString, double>& Tape);
    /** Products that are there, by id. */
    UFUNCTION(BlueprintCallable, Category = "Showroom") TArray<FString> Products() const;

    virtual void BeginPlay() override;
    virtual void EndPlay(const EEndPlayReason::Type Reason) override;
    virtual void Tick(float Seconds) override;

private:
    struct FStanding
    {
        showroom::ProductShown Shown;
        TUniquePtr<showroom::History<showroom::Vertices>> Frames;
        TArray<TObjectPtr<UProceduralMeshComponent>> Meshes;
        TArray<TArray<int32>> Triangles;
    };

    /** An avatar: one's own under "", a companion's under their name. */
    struct FFigure
    {
        std::string Glb;
        TUniquePtr<showroom::History<showroom::AvatarPose>> Poses;
        TObjectPtr<UPoseableMeshComponent> Mesh;
    };

    TSharedPtr<IWebSocket> Socket;
    TUniquePtr<showroom::Session> Session;
    showroom::Clocks Clocks;  // one for each person: skin stays in its sleeve
    TMap<FString, FStanding> Standing;
    TMap<FString, FFigure> Figures;
    bool bGuest = false;  // the room is somebody else's: one's own furniture is not in it
    double Sent = 0;
    int64 Seq = 0;
    int32 Number = 0;

    void Connect();
    void Take(const showroom::Arrival& Arrival);
    void Command(showroom::Command Event);
    void Fetch(const FString& Hash, TFunction<void(UglTFRuntimeAsset*)> Then);
    void Load(const FString& Target);
    void Remove(const FString& Target);
    void Dress(const showroom::AvatarShown& Shown);
    void Leave(const FString& Who);
    void Meet(const showroom::Company& Company);
    void Show(const FString& Target);
    void MoveFigure(FFigure& Figure, double Now);
    void MoveCloth(FStanding& Product, double Now);
    std::array<double, 7> Seven(const USceneComponent& Tracked) const;
    std::string Fresh();
};
